import { createRequire } from 'node:module';
import type { Struct } from 'google-protobuf/google/protobuf/struct_pb.js';
import type { Empty } from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Any } from 'google-protobuf/google/protobuf/any_pb.js';
import type { Properties } from './values.js';

// Pulumi's generated messages work only with the protobuf runtime that they were generated for, which npm nests
// below @pulumi/pulumi when the root has another one.
const require = createRequire(createRequire(import.meta.url).resolve('@pulumi/pulumi/proto/provider_pb.js'));
const { Struct: StructMessage } = require('google-protobuf/google/protobuf/struct_pb.js') as { Struct: typeof Struct };
const { Empty: EmptyMessage } = require('google-protobuf/google/protobuf/empty_pb.js') as { Empty: typeof Empty };
const { Any: AnyMessage } = require('google-protobuf/google/protobuf/any_pb.js') as { Any: typeof Any };

/** Writes properties as a protobuf Struct. Undefined members are left out. */
export function toStruct(properties: Properties): Struct {
  return StructMessage.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Record<string, never>);
}

/** Reads properties from a protobuf Struct; an absent one has none. */
export function fromStruct(struct: Struct | undefined): Properties {
  return struct?.toJavaScript() ?? {};
}

export function emptyMessage(): Empty {
  return new EmptyMessage();
}

/** Packs a message into an Any, as gRPC status details want it. */
export function packed(bytes: Uint8Array, type: string): Any {
  const any = new AnyMessage();
  any.pack(bytes, type);
  return any;
}
