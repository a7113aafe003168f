import type { ChangeId, TenantId } from '@bulkhead/kernel';
import { ApiFixture, type Answer } from './api.fixture.js';

/** The API with a salesperson and an approver, and what they do. */
export class SalesFixture {
  private constructor(
    readonly api: ApiFixture,
    readonly sales: string,
    readonly approver: string,
  ) {}

  static async start(): Promise<SalesFixture> {
    const api = await ApiFixture.start();
    await api.standUpRegion();
    const sales = await api.issuer.token({ roles: ['sales-ops'], sub: 'sally' });
    return new SalesFixture(api, sales, await api.issuer.token({ roles: ['approver'], sub: 'anna' }));
  }

  /** A quote for another plan, unless the target says otherwise. */
  quote(tenantId: TenantId, target: object = {}): Promise<Answer> {
    const body = { tenantId, plan: 'practice-per-clinic', quantity: 2, ...target };
    return this.api.post('/v1/quotes', body, { token: this.sales });
  }

  request(asked: Answer, more: object = {}, token = this.sales): Promise<Answer> {
    const body = { quoteId: asked.body.id, quoteHash: asked.body.hash, reason: 'renewal', ...more };
    return this.api.post('/v1/change-requests', body, { token });
  }

  act(changeId: string, verb: string, body?: object, token = this.sales): Promise<Answer> {
    return this.api.post(`/v1/change-requests/${changeId}/${verb}`, body, { token });
  }

  async change(changeId: string): Promise<Answer['body']> {
    return (await this.api.get(`/v1/change-requests/${changeId}`)).body;
  }

  /** A request that one approver has said yes to. */
  async approved(tenantId: TenantId, target: object = {}): Promise<{ changeId: ChangeId; quoteHash: string }> {
    const asked = await this.quote(tenantId, target);
    const { body } = await this.request(asked);
    const quoteHash: string = asked.body.hash;
    await this.act(body.change.id, 'approve', { hash: quoteHash }, this.approver);
    return { changeId: body.change.id, quoteHash };
  }
}
