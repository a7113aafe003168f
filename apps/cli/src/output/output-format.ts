export const OUTPUT_FORMATS = ['table', 'json', 'yaml', 'name', 'sarif'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];
