import { AccessCommandsModule } from './features/access/access.commands.module.js';
import { CatalogCommandsModule } from './features/catalog/catalog.commands.module.js';
import { CellsCommandsModule } from './features/cells/cells.commands.module.js';
import { ChangeRequestsCommandsModule } from './features/change-requests/change-requests.commands.module.js';
import { ClassificationCommandsModule } from './features/classification/classification.commands.module.js';
import { CloudQuotasCommandsModule } from './features/cloud-quotas/cloud-quotas.commands.module.js';
import { DriftCommandsModule } from './features/drift/drift.commands.module.js';
import { EntitlementsCommandsModule } from './features/entitlements/entitlements.commands.module.js';
import { FleetCommandsModule } from './features/fleet/fleet.commands.module.js';
import { IsolationCommandsModule } from './features/isolation/isolation.commands.module.js';
import { LandingZonesCommandsModule } from './features/landing-zones/landing-zones.commands.module.js';
import { LegalHoldsCommandsModule } from './features/legal-holds/legal-holds.commands.module.js';
import { OperationsCommandsModule } from './features/operations/operations.commands.module.js';
import { PlacementsCommandsModule } from './features/placements/placements.commands.module.js';
import { SubscriptionsCommandsModule } from './features/subscriptions/subscriptions.commands.module.js';
import { SupportGrantsCommandsModule } from './features/support-grants/support-grants.commands.module.js';
import { TenantsCommandsModule } from './features/tenants/tenants.commands.module.js';
import { TokensCommandsModule } from './features/tokens/tokens.commands.module.js';

/** The commands of every feature. API and worker load all of them: each may be sent from either side of the gate. */
export const COMMAND_MODULES = [
  AccessCommandsModule,
  CatalogCommandsModule,
  CellsCommandsModule,
  ChangeRequestsCommandsModule,
  ClassificationCommandsModule,
  CloudQuotasCommandsModule,
  DriftCommandsModule,
  EntitlementsCommandsModule,
  FleetCommandsModule,
  IsolationCommandsModule,
  LandingZonesCommandsModule,
  LegalHoldsCommandsModule,
  OperationsCommandsModule,
  PlacementsCommandsModule,
  SubscriptionsCommandsModule,
  SupportGrantsCommandsModule,
  TenantsCommandsModule,
  TokensCommandsModule,
];
