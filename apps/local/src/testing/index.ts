export { enterCode } from './enter-code.js';
export { startTestIdentityProvider } from './test-identity-provider.js';
