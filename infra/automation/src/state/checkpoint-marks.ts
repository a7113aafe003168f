/** Marks secrets, assets and references in a checkpoint (pulumi sdk, go/common/resource/sig/sig.go). Plain values never hold it. */
export const SIGNATURE = '4dabf18193072939515e22adb298388d';
/** Beside the signature: the value is a secret. */
export const SECRET = '1b47061264138c4ac30d75fd1eb44270';
/** The stack itself, among its resources. */
export const ROOT_TYPE = 'pulumi:pulumi:Stack';
