export { memoryReplayCache, type MemoryReplayCacheOptions } from './stores/index.js'
