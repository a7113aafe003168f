import { Module } from '@nestjs/common';
import { IsolationReader } from './isolation-reader.js';
import { ProveIsolationHandler } from './prove-isolation.js';
import { ProvideProbesHandler } from './provide-probes.js';
import { RecordProofHandler } from './record-proof.js';

@Module({
  providers: [ProveIsolationHandler, ProvideProbesHandler, RecordProofHandler, IsolationReader],
  exports: [IsolationReader],
})
export class IsolationCommandsModule {}
