export { memoryNonceStore, type MemoryNonceStore, type MemoryNonceStoreOptions } from './memory-nonce-store.js'
export { memoryReplayCache, type MemoryReplayCache, type MemoryReplayCacheOptions } from './memory-replay-cache.js'
