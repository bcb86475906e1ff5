export type { TestService, TestUser, TestUserChange } from './directory.js'
export { TestFaults, type ForgeReply, type Impostor } from './faults.js'
export { TestClock } from './test-clock.js'
export {
  createTestDomain,
  type TestDomain,
  type TestDomainOptions,
  type TestMachineOptions,
  type TestTicketOptions,
} from './test-domain.js'
export type { TestListeners } from './test-listeners.js'
