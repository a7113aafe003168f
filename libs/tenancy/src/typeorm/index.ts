export { TenantManagers, type TenantManagersOptions } from './tenant-managers.js';
