import * as grpc from '@grpc/grpc-js';
import providerGrpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import providerPb from '@pulumi/pulumi/proto/provider_pb.js';
import type * as provider from '@pulumi/pulumi/proto/provider_pb.js';
import { fromStruct, toStruct } from '../protocol/messages.js';
import type { Properties } from '../protocol/values.js';

type Answering<Response> = (
  request: object,
  callback: (error: grpc.ServiceError | null, response: Response) => void,
) => unknown;

/** Talks to a provider server as the Pulumi engine does. */
export class ProviderClient {
  readonly #client: InstanceType<typeof providerGrpc.ResourceProviderClient>;

  private constructor(port: number) {
    this.#client = new providerGrpc.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  }

  static async connect(port: number, configuration: Properties = {}): Promise<ProviderClient> {
    const client = new ProviderClient(port);
    const request = new providerPb.ConfigureRequest();
    request.setArgs(toStruct(configuration));
    await client.#call<provider.ConfigureResponse>('configure', request);
    return client;
  }

  close(): void {
    this.#client.close();
  }

  /** Check without failures. @throws Error listing the refusals. */
  async check(token: string, news: Properties): Promise<Properties> {
    const { inputs, refusals } = await this.refusals(token, news);
    if (refusals.length > 0) throw new Error(refusals.join('; '));
    return inputs;
  }

  async refusals(token: string, news: Properties): Promise<{ inputs: Properties; refusals: readonly string[] }> {
    const request = new providerPb.CheckRequest();
    request.setUrn(urn(token));
    request.setNews(toStruct(news));
    const response = await this.#call<provider.CheckResponse>('check', request);
    return {
      inputs: fromStruct(response.getInputs()),
      refusals: response.getFailuresList().map((failure) => failure.getReason()),
    };
  }

  /** Names of changed properties and of those that replace. */
  async diff(
    token: string,
    before: Properties,
    after: Properties,
  ): Promise<{ changed: readonly string[]; replaces: readonly string[] }> {
    const request = new providerPb.DiffRequest();
    request.setUrn(urn(token));
    request.setOldInputs(toStruct(before));
    request.setNews(toStruct(after));
    const response = await this.#call<provider.DiffResponse>('diff', request);
    return { changed: response.getDiffsList(), replaces: response.getReplacesList() };
  }

  async create(token: string, inputs: Properties, preview = false): Promise<{ id: string; state: Properties }> {
    const request = new providerPb.CreateRequest();
    request.setUrn(urn(token));
    request.setProperties(toStruct(await this.check(token, inputs)));
    request.setPreview(preview);
    const response = await this.#call<provider.CreateResponse>('create', request);
    return { id: response.getId(), state: fromStruct(response.getProperties()) };
  }

  /** Refresh (with inputs) or import (without); undefined when the resource is gone. */
  async read(
    token: string,
    id: string,
    known: { inputs?: Properties; state?: Properties } = {},
  ): Promise<{ inputs: Properties; state: Properties } | undefined> {
    const request = new providerPb.ReadRequest();
    request.setUrn(urn(token));
    request.setId(id);
    request.setInputs(toStruct(known.inputs ?? {}));
    request.setProperties(toStruct(known.state ?? {}));
    const response = await this.#call<provider.ReadResponse>('read', request);
    if (response.getId() === '') return undefined;
    return { inputs: fromStruct(response.getInputs()), state: fromStruct(response.getProperties()) };
  }

  async update(token: string, id: string, before: Properties, after: Properties): Promise<Properties> {
    const request = new providerPb.UpdateRequest();
    request.setUrn(urn(token));
    request.setId(id);
    request.setOldInputs(toStruct(before));
    request.setNews(toStruct(await this.check(token, after)));
    return fromStruct((await this.#call<provider.UpdateResponse>('update', request)).getProperties());
  }

  async delete(token: string, id: string, inputs: Properties, state: Properties = {}): Promise<void> {
    const request = new providerPb.DeleteRequest();
    request.setUrn(urn(token));
    request.setId(id);
    request.setOldInputs(toStruct(inputs));
    request.setProperties(toStruct(state));
    await this.#call('delete', request);
  }

  #call<Response>(method: string, request: object): Promise<Response> {
    const client = this.#client as unknown as Record<string, Answering<Response>>;
    return new Promise((resolve, reject) => {
      client[method]?.call(this.#client, request, (error, response) =>
        error === null ? resolve(response) : reject(error),
      );
    });
  }
}

function urn(token: string): string {
  return `urn:pulumi:test::bulkhead::${token}::one`;
}
