export { memoryReplayCache, type MemoryReplayCache, type MemoryReplayCacheOptions } from './memory-replay-cache.js'
