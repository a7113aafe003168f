/** Body of a POST that takes none: any field in it is unknown. */
export class NoBody {}
