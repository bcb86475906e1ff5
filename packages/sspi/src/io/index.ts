export { memoryReplayCache, type MemoryReplayCache, type MemoryReplayCacheOptions } from './stores/index.js'
