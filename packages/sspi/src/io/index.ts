export {
  memoryNonceStore,
  memoryReplayCache,
  type MemoryNonceStore,
  type MemoryNonceStoreOptions,
  type MemoryReplayCache,
  type MemoryReplayCacheOptions,
} from './stores/index.js'
