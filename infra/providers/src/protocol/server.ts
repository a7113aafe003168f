import * as grpc from '@grpc/grpc-js';
import providerGrpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import providerPb from '@pulumi/pulumi/proto/provider_pb.js';
import pluginPb from '@pulumi/pulumi/proto/plugin_pb.js';
import type * as provider from '@pulumi/pulumi/proto/provider_pb.js';
import { Calls } from './calls.js';
import { check, create, describeFailure, diff, HalfMade, preview, read, update } from './lifecycle.js';
import { failureOf } from './failure.js';
import { emptyMessage, fromStruct, toStruct } from './messages.js';
import { halfMadeStatus } from './half-made-status.js';
import { unknownProperties } from './differences.js';
import { Connections } from './connections.js';
import type { AnyResourceType, Package } from './resource-type.js';
import { unwrapSecrets, wrapSecrets, type Properties } from './values.js';

type Unary<Request, Response> = (request: Request, call: grpc.ServerUnaryCall<Request, Response>) => Promise<Response>;

/**
 * Serves a package over Pulumi's provider protocol (pulumi/pulumi, proto/pulumi/provider.proto). One server serves
 * many runs at the same time, each with its own configuration, which is why configuration hangs on the connection.
 */
export class ProviderService<C> {
  readonly #package: Package<C>;
  readonly #types: ReadonlyMap<string, AnyResourceType<C>>;
  readonly #connections: Connections<C>;
  readonly #calls = new Calls();

  constructor(served: Package<C>) {
    this.#package = served;
    this.#connections = new Connections(served);
    this.#types = new Map(served.types.map((type) => [type.token, type]));
  }

  /** The gRPC methods, ready for `Server.addService`. */
  handlers(): grpc.UntypedServiceImplementation {
    return {
      handshake: unary(async () => this.#handshake()),
      getPluginInfo: unary(async () => {
        const info = new pluginPb.PluginInfo();
        info.setVersion(this.#package.version);
        return info;
      }),
      checkConfig: unary(async (request: provider.CheckRequest) => this.#checkConfig(request)),
      diffConfig: unary(async () => noDifference()),
      configure: unary(async (request: provider.ConfigureRequest, call) => this.#configure(request, call.getPeer())),
      check: unary(async (request: provider.CheckRequest, call) => this.#check(request, call.getPeer())),
      diff: unary(async (request: provider.DiffRequest) => this.#diff(request)),
      create: unary(async (request: provider.CreateRequest, call) =>
        this.#calls.change(request.getUrn(), call, () => this.#create(request, call.getPeer())),
      ),
      read: unary(async (request: provider.ReadRequest, call) => this.#read(request, call.getPeer())),
      update: unary(async (request: provider.UpdateRequest, call) =>
        this.#calls.change(request.getUrn(), call, () => this.#update(request, call.getPeer())),
      ),
      delete: unary(async (request: provider.DeleteRequest, call) =>
        this.#calls.change(request.getUrn(), call, () => this.#delete(request, call.getPeer())),
      ),
      invoke: unary(async (request: provider.InvokeRequest, call) => this.#invoke(request, call.getPeer())),
      // A cancel comes from one run; the server belongs to all of them. Calls in flight end with their own engine.
      cancel: unary(async () => emptyMessage()),
      attach: unary(async () => emptyMessage()),
    };
  }

  #handshake(): provider.ProviderHandshakeResponse {
    const response = new providerPb.ProviderHandshakeResponse();
    response.setAcceptSecrets(true);
    return response;
  }

  #checkConfig(request: provider.CheckRequest): provider.CheckResponse {
    const raw = fromStruct(request.getNews());
    const { values } = unwrapSecrets(raw);
    const rules = { ...this.#package.configuration, version: {}, pluginDownloadURL: {} };
    const response = new providerPb.CheckResponse();
    response.setInputs(toStruct(raw));
    response.setFailuresList(
      unknownProperties(rules, values).map(({ property, reason }) =>
        refusal(property, `configuration "${property}" of provider "${this.#package.name}" ${reason}`),
      ),
    );
    return response;
  }

  #configure(request: provider.ConfigureRequest, peer: string): provider.ConfigureResponse {
    const { values } = unwrapSecrets(fromStruct(request.getArgs()));
    this.#connections.configure(peer, values);
    const response = new providerPb.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setSupportspreview(true);
    return response;
  }

  #check(request: provider.CheckRequest, peer: string): provider.CheckResponse {
    const token = request.getType() || typeOf(request.getUrn());
    const response = new providerPb.CheckResponse();
    const type = this.#types.get(token);
    if (type === undefined) {
      response.setInputs(request.getNews());
      response.setFailuresList([refusal('', this.#unknownType(token))]);
      return response;
    }
    const { values, secret } = unwrapSecrets(fromStruct(request.getNews()));
    const { inputs, refusals } = check(type, this.#connections.of(peer), values);
    response.setInputs(toStruct(wrapSecrets(inputs, secret)));
    response.setFailuresList(refusals.map(({ property, reason }) => refusal(property, reason)));
    return response;
  }

  #diff(request: provider.DiffRequest): provider.DiffResponse {
    const type = this.#type(request);
    const before = unwrapSecrets(fromStruct(request.getOldInputs())).values;
    const after = unwrapSecrets(fromStruct(request.getNews())).values;
    const changes = diff(type, before, after);
    const response = noDifference();
    if (changes.length === 0) return response;
    response.setChanges(providerPb.DiffResponse.DiffChanges.DIFF_SOME);
    response.setDiffsList(changes.map(({ property }) => property));
    response.setReplacesList(changes.filter(({ replaces }) => replaces).map(({ property }) => property));
    for (const { property, kind, replaces } of changes) {
      const detail = new providerPb.PropertyDiff();
      const { Kind } = providerPb.PropertyDiff;
      const plain = { add: Kind.ADD, update: Kind.UPDATE, delete: Kind.DELETE }[kind];
      const replacing = { add: Kind.ADD_REPLACE, update: Kind.UPDATE_REPLACE, delete: Kind.DELETE_REPLACE }[kind];
      detail.setKind(replaces ? replacing : plain);
      detail.setInputdiff(true);
      response.getDetaileddiffMap().set(property, detail);
    }
    return response;
  }

  async #create(request: provider.CreateRequest, peer: string): Promise<provider.CreateResponse> {
    const type = this.#type(request);
    const { values: inputs, secret } = unwrapSecrets(fromStruct(request.getProperties()));
    const response = new providerPb.CreateResponse();
    if (request.getPreview()) {
      response.setProperties(toStruct(wrapSecrets(preview(type, inputs), secret)));
      return response;
    }
    const { id, state } = await explained(type, inputs, create(type, this.#connections.of(peer), inputs), secret);
    response.setId(id);
    response.setProperties(toStruct(wrapSecrets(state, withTags(secret))));
    return response;
  }

  async #read(request: provider.ReadRequest, peer: string): Promise<provider.ReadResponse> {
    const type = this.#type(request);
    const { values: state, secret: secretState } = unwrapSecrets(fromStruct(request.getProperties()));
    const { values: inputs, secret } = unwrapSecrets(fromStruct(request.getInputs()));
    const response = new providerPb.ReadResponse();
    const found = await explained(
      type,
      inputs,
      read(type, this.#connections.of(peer), request.getId(), { inputs, state }),
    );
    if (found === undefined) return response;
    response.setId(request.getId());
    response.setInputs(toStruct(wrapSecrets(found.inputs, secret)));
    response.setProperties(toStruct(wrapSecrets(found.state, withTags(new Set([...secretState, ...secret])))));
    return response;
  }

  async #update(request: provider.UpdateRequest, peer: string): Promise<provider.UpdateResponse> {
    const type = this.#type(request);
    const { values: after, secret } = unwrapSecrets(fromStruct(request.getNews()));
    const before = unwrapSecrets(fromStruct(request.getOldInputs())).values;
    const response = new providerPb.UpdateResponse();
    if (request.getPreview()) {
      const current = unwrapSecrets(fromStruct(request.getOlds())).values;
      response.setProperties(toStruct(wrapSecrets(preview(type, after, current), withTags(secret))));
      return response;
    }
    const state = await explained(
      type,
      after,
      update(type, this.#connections.of(peer), request.getId(), { before, after }),
    );
    response.setProperties(toStruct(wrapSecrets(state, withTags(secret))));
    return response;
  }

  async #delete(request: provider.DeleteRequest, peer: string): Promise<ReturnType<typeof emptyMessage>> {
    const type = this.#type(request);
    const state = unwrapSecrets(fromStruct(request.getProperties())).values;
    const known = { ...state, ...unwrapSecrets(fromStruct(request.getOldInputs())).values };
    await explained(type, known, type.delete(this.#connections.of(peer).cloud(known), request.getId(), known));
    return emptyMessage();
  }

  async #invoke(request: provider.InvokeRequest, peer: string): Promise<provider.InvokeResponse> {
    const args = unwrapSecrets(fromStruct(request.getArgs())).values;
    const answer = await this.#connections.of(peer).invoke?.(request.getTok(), args);
    if (answer === undefined) {
      throw status(
        grpc.status.UNIMPLEMENTED,
        `Function ${request.getTok()} is not implemented by "${this.#package.name}".`,
      );
    }
    const response = new providerPb.InvokeResponse();
    response.setReturn(toStruct(answer));
    return response;
  }

  #type(request: { getType(): string; getUrn(): string }): AnyResourceType<C> {
    const token = request.getType() || typeOf(request.getUrn());
    const type = this.#types.get(token);
    if (type === undefined) throw status(grpc.status.UNIMPLEMENTED, this.#unknownType(token));
    return type;
  }

  #unknownType(token: string): string {
    return `Resource type ${token} is not implemented by "${this.#package.name}"; supported here: ${[...this.#types.keys()].sort().join(', ')}`;
  }
}

/** The type token at the end of a URN's type chain: `urn:pulumi:stack::project::parent$type::name`. */
function typeOf(urn: string): string {
  return (urn.split('::')[2] ?? '').split('$').at(-1) ?? '';
}

/** `tagsAll` repeats the tags, so it is as secret as they are. */
function withTags(secret: ReadonlySet<string>): ReadonlySet<string> {
  return secret.has('tags') ? new Set([...secret, 'tagsAll']) : secret;
}

function noDifference(): provider.DiffResponse {
  const response = new providerPb.DiffResponse();
  response.setChanges(providerPb.DiffResponse.DiffChanges.DIFF_NONE);
  response.setHasdetaileddiff(true);
  // Names are fixed: a replacement made before its predecessor is gone would find that one and adopt it.
  response.setDeletebeforereplace(true);
  return response;
}

function refusal(property: string, reason: string): provider.CheckFailure {
  const failure = new providerPb.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}

function status(code: grpc.status, details: string, metadata?: grpc.Metadata): Partial<grpc.StatusObject> {
  return { code, details, ...(metadata === undefined ? {} : { metadata }) };
}

async function explained<C, T>(
  type: AnyResourceType<C>,
  inputs: Properties,
  work: Promise<T>,
  secret: ReadonlySet<string> = new Set(),
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const text = describeFailure(type, inputs, error);
    if (!(error instanceof HalfMade)) throw status(grpc.status.UNKNOWN, text);
    const properties = wrapSecrets(error.properties, withTags(secret));
    throw status(grpc.status.UNKNOWN, text, halfMadeStatus(error.id, properties, text));
  }
}

function unary<Request, Response>(handle: Unary<Request, Response>): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    handle(call.request, call).then(
      (response) => callback(null, response),
      (error: unknown) => {
        if (typeof error === 'object' && error !== null && 'details' in error) {
          callback(error as Partial<grpc.StatusObject>);
          return;
        }
        const { code, message, remedy } = failureOf(error);
        callback(status(grpc.status.UNKNOWN, `${code}: ${message} ${remedy}`));
      },
    );
  };
}

/** A running provider server. */
export interface RunningProvider {
  readonly port: number;
  /** Lets calls in flight end, then closes; cuts them off after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

/** Serves a package on loopback. Port 0 lets the system choose. */
export async function serveProvider<C>(served: Package<C>, port = 0): Promise<RunningProvider> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': 400 * 1024 * 1024 });
  server.addService(providerGrpc.ResourceProviderService, new ProviderService(served).handlers());
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, chosen) => {
      if (error === null) resolve(chosen);
      else reject(error);
    });
  });
  const stop = async (graceMs = 10_000): Promise<void> => {
    const cutOff = setTimeout(() => server.forceShutdown(), graceMs);
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    clearTimeout(cutOff);
  };
  return { port: bound, stop };
}
