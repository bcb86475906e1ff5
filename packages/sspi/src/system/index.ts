export { initSecurityInterface, type SecurityInterfaceOptions } from './init-security-interface.js'
