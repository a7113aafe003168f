import { isLoopback, isSafeAddress } from './loopback.js';

it.each(['127.0.0.1', '::1', '[::1]', 'localhost'])('%s is this machine', (host) => {
  expect(isLoopback(host)).toBe(true);
  expect(isSafeAddress(`http://${host === '::1' ? '[::1]' : host}:4700/v1`)).toBe(true);
});

it.each(['127.0.0.1.example.com', '127.example.com', 'localhost.example.com', '10.0.0.1', '0.0.0.0'])(
  'credentials do not travel in the clear to %s',
  (host) => {
    expect(isLoopback(host)).toBe(false);
    expect(isSafeAddress(`http://${host}/`)).toBe(false);
    expect(isSafeAddress(`https://${host}/`)).toBe(true);
  },
);

it.each(['', 'bulkhead', 'ftp://localhost', 'file:///etc/passwd'])('"%s" is no address for credentials', (address) => {
  expect(isSafeAddress(address)).toBe(false);
});
