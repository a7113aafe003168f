import * as grpc from '@grpc/grpc-js';
import providerPb from '@pulumi/pulumi/proto/provider_pb.js';
import statusPb from '@pulumi/pulumi/proto/status_pb.js';
import { packed, toStruct } from './messages.js';
import type { Properties } from './values.js';

/**
 * Tells the engine that the resource exists although the call failed, so that the state keeps its id and the next run
 * finishes it (pulumi/pulumi, proto/pulumi/provider.proto `ErrorResourceInitFailed`; details travel in gRPC's
 * `grpc-status-details-bin`).
 */
export function halfMadeStatus(id: string, properties: Properties, reason: string): grpc.Metadata {
  const detail = new providerPb.ErrorResourceInitFailed();
  detail.setId(id);
  detail.setProperties(toStruct(properties));
  detail.setReasonsList([reason]);
  const status = new statusPb.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(reason);
  status.addDetails(packed(detail.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed'));
  const metadata = new grpc.Metadata();
  metadata.add('grpc-status-details-bin', Buffer.from(status.serializeBinary()));
  return metadata;
}
