export { memoryReplayCache, type MemoryReplayCacheOptions } from './memory-replay-cache.js'
