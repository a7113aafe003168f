import { PoolRegistration } from '@bulkhead/components';
import {
  MAX_ROSTER_REGISTRATIONS,
  physicalNames,
  type RegistrationOutputs,
  type RegistrationSpec,
  type RosterOutputs,
  type RosterSpec,
} from '@bulkhead/domain';
import { BulkheadError, type BindingId } from '@bulkhead/kernel';
import * as pulumi from '@pulumi/pulumi';

/**
 * Registers pooled bindings in a cell. The logical name of a registration is its binding's id, so a failure names the
 * binding and an order of the list means nothing.
 */
export function roster(spec: RosterSpec): { registrations: pulumi.Input<RosterOutputs['registrations']> } {
  const { database, keyArn } = spec.cell;
  const registrations: Record<BindingId, pulumi.Output<RegistrationOutputs>> = {};
  for (const registration of spec.registrations) {
    const resource = new PoolRegistration(registration.bindingId, {
      ...registration,
      host: database.host,
      port: database.port,
      database: database.database,
      ownerRole: physicalNames(spec.cellId).ownerRole,
      masterSecretArn: database.masterSecretArn,
      keyArn,
      locator: locator(registration, spec),
    });
    registrations[registration.bindingId] = pulumi.output({
      bindingId: registration.bindingId,
      layer: registration.layer,
      locator: resource.locator,
    });
  }
  return { registrations: pulumi.output(registrations) as pulumi.Output<RosterOutputs['registrations']> };
}

function locator({ bindingId, layer }: RegistrationSpec, spec: RosterSpec): string {
  switch (layer) {
    case 'database':
      return spec.cell.database.database;
    case 'storage':
      return physicalNames(bindingId).prefix;
    case 'key':
      return bindingId;
    case 'queue':
      return physicalNames(bindingId).lane;
  }
}

/** @throws BulkheadError `roster_invalid` (422) on too many registrations or one binding twice. */
export function refuseInvalidRoster({ rosterId, registrations }: RosterSpec): void {
  const distinct = new Set(registrations.map((registration) => registration.bindingId)).size;
  if (registrations.length <= MAX_ROSTER_REGISTRATIONS && distinct === registrations.length) return;
  throw new BulkheadError({
    code: 'roster_invalid',
    status: 422,
    publicMessage: `Roster ${rosterId} lists ${registrations.length} registrations of ${distinct} bindings.`,
    remediation: `List each binding once and at most ${MAX_ROSTER_REGISTRATIONS} in one roster; open a further roster.`,
  });
}
