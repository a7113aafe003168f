/** Version of the tenant schema that a new database gets. Raised together with the schema in the provider. */
export const SCHEMA_VERSION = '6';
