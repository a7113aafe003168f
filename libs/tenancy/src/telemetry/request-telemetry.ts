import { context, metrics, propagation, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import type { WorkScope } from './work-scope.js';

const NAME = '@bulkhead/tenancy';

/** One request, as traces and metrics see it. */
export interface RequestOutcome {
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
}

/**
 * A span for each request and two metrics, through whatever OpenTelemetry SDK the service has set up; without one they
 * cost next to nothing. Attributes are an allow-list: no address, header, body or text of an error, any of which may hold
 * PHI. The tenant is on spans and on the counter, and not on the histogram, whose series would multiply by operations.
 */
export class RequestTelemetry {
  readonly #tracer = trace.getTracer(NAME);
  readonly #duration = metrics.getMeter(NAME).createHistogram('bulkhead.request.duration', {
    description: 'Time from the end of a request’s headers to the end of its answer.',
    unit: 's',
  });
  readonly #requests = metrics.getMeter(NAME).createCounter('bulkhead.tenant.requests', {
    description: 'Requests by tenant and kind of answer, such as 2xx.',
  });

  /** Begins the span of a request, as a part of the caller's trace where its headers name one. */
  begin({ tenantId, epoch, operation }: WorkScope, headers: object): Span {
    const parent = propagation.extract(context.active(), headers);
    const attributes = { 'tenant.id': tenantId, 'bulkhead.epoch': epoch, 'bulkhead.operation': operation };
    return this.#tracer.startSpan(operation, { kind: SpanKind.SERVER, attributes }, parent);
  }

  /** Runs `work` as a part of the span. */
  within<T>(span: Span, work: () => T): T {
    return context.with(trace.setSpan(context.active(), span), work);
  }

  end(span: Span, { tenantId, operation }: WorkScope, { method, status, durationMs }: RequestOutcome): void {
    span.setAttributes({ 'http.request.method': method, 'http.response.status_code': status });
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
    this.#duration.record(durationMs / 1000, {
      'bulkhead.operation': operation,
      'http.request.method': method,
      'http.response.status_code': status,
    });
    this.#requests.add(1, { 'tenant.id': tenantId, outcome: `${Math.floor(status / 100)}xx` });
  }
}
