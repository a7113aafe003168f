/**
 * The workflows and their interceptor as one file, for `Worker.create({workflowBundle})`. Made by the build; made again
 * when it is stale.
 */
export declare function workflowBundle(): Promise<{ code: string }>;
