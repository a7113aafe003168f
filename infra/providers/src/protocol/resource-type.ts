import type { Json, Properties } from './values.js';

/** What is known of one input property. Copied from the real provider's schema; each type cites its source. */
export interface PropertyRule {
  /** A change makes a new resource (terraform-provider-aws: `ForceNew`). */
  readonly replaces?: true;
  readonly required?: true;
  /** What the resource has when the program is silent (`Default`). */
  readonly fallback?: Json;
  /** Silence accepts whatever the cloud has (`Optional` and `Computed`). */
  readonly computed?: true;
  /** How two values are compared: as JSON documents, or as lists without order. Otherwise by deep equality. */
  readonly compareAs?: 'document' | 'set';
  /** Steers the provider only, or cannot be read back: the program's value is taken as the truth. */
  readonly unobserved?: true;
  /** Properties of the object, or of each object in the list. Free-form (tags, parameters) when absent. */
  readonly nested?: Rules;
}
export type Rules = Readonly<Record<string, PropertyRule>>;

/** A resource that exists already under the name that the program wants. */
export interface Found {
  readonly id: string;
  /** Value of its `bulkhead:id` tag. */
  readonly owner?: string | undefined;
  /** Set where there are no tags, and something else proves that it is ours. */
  readonly ours?: true;
}

/**
 * One resource type. A new type is a copy of a neighbour with its own calls.
 * `C` is what the package hands to every call (clients), `I` the shape of the inputs.
 */
export interface ResourceType<C, I extends object = Record<string, Json>> {
  /** Pulumi's type token, e.g. `aws:sqs/queue:Queue`. */
  readonly token: string;
  readonly rules: Rules;
  /** Outputs that are not inputs. Unknown in the preview of a create. */
  readonly computed: readonly string[];
  /** Names the resource in errors. */
  label(inputs: Partial<I>): string;
  /** Looks for the resource that a create whose answer was lost may have left. */
  find?(cloud: C, inputs: I): Promise<Found | undefined>;
  /** Says why these inputs cannot work, by property. Values may still be unknown. */
  refuse?(inputs: I): readonly { property: string; reason: string }[];
  /**
   * Makes the resource with its ownership tag in one call, and returns its id. Everything else belongs in `update`,
   * which runs right after: a failure there leaves a resource that the state knows.
   */
  create(cloud: C, inputs: I): Promise<string>;
  /** Everything that can be seen of the resource, inputs and outputs; undefined when it is gone. */
  read(cloud: C, id: string, known: Partial<I>): Promise<Properties | undefined>;
  /** Brings the changed properties to the wanted values. */
  update(cloud: C, id: string, wanted: I, changed: ReadonlySet<string>, current: Partial<I>): Promise<void>;
  /** Removes the resource. Not an error when it is gone already. */
  delete(cloud: C, id: string, known: Partial<I>): Promise<void>;
}

// The list of a package's types mixes input shapes; the wire gives no more than `Properties`.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyResourceType<C> = ResourceType<C, any>;

/** A set of resource types under one name, as one Pulumi plugin serves them. */
export interface Package<C> {
  readonly name: string;
  readonly version: string;
  readonly types: readonly AnyResourceType<C>[];
  /** Rules of the provider resource's own configuration. */
  readonly configuration: Rules;
  /** Reads the configuration once for each engine connection. */
  configure(configuration: Properties): Connection<C>;
}

/** What one engine connection works with. */
export interface Connection<C> {
  /** Changes the inputs before they are checked, e.g. to add default tags. */
  prepare?(inputs: Properties, type: AnyResourceType<C>): Properties;
  /** Clients for a resource with these inputs. */
  cloud(inputs: Properties): C;
  /** Answers a function call by its token; undefined when the token is not known. */
  invoke?(token: string, args: Properties): Promise<Properties | undefined>;
}
