export { addressBytes, networkOf, plainAddress } from './address.js'
