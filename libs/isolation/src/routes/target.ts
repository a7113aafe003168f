/** As much of an OpenAPI 3.1 document as the proof reads. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

export interface RouteRequest {
  readonly method: string;
  /** Path with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RouteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A service with two tenants that exist for the proof only. */
export interface RoutesTarget {
  readonly kind: 'routes';
  readonly name: string;
  readonly document: OpenApiDocument;
  send(request: RouteRequest): Promise<RouteAnswer>;
  /** A token of each tenant, with every right inside it. Without them only {@link refused} is tried. */
  readonly tokens?: { readonly a: string; readonly b: string };
  /** Tokens that must be refused, by what is wrong with them; see `forgedTokens`. */
  readonly refused: Readonly<Record<string, string>>;
  /** Whether tokens that are refused for being a tenant's are good where they belong; asked after all attempts. */
  stillGood?(): Promise<boolean>;
  /** What B has: the path that names one, such as `/v1/patients/{id}`, and its id. */
  readonly things: Readonly<Record<string, string>>;
  /** Properties of bodies that refer to what B has, with its id. */
  readonly references: Readonly<Record<string, string>>;
  /** Bodies where the document's schema does not say enough, by `METHOD /path`. */
  readonly bodies: Readonly<Record<string, object>>;
  /** Fewer routes than this make the proof void. */
  readonly leastRoutes: number;
}
