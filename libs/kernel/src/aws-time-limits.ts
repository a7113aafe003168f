/**
 * How long an AWS service may take, milliseconds: to be connected to, to take a request and begin its answer, and to be
 * silent in the middle of it; the `requestHandler` of every client. The SDK itself sets no limits, and without
 * `throwOnRequestTimeout` it only logs when one is over: a peer that was cut off resets no connection, and would hold its
 * caller for ever. SQS waits for messages for 20 seconds at most, which is less.
 */
export const AWS_TIME_LIMITS = {
  connectionTimeout: 5_000,
  requestTimeout: 30_000,
  throwOnRequestTimeout: true,
  socketTimeout: 30_000,
} as const;
