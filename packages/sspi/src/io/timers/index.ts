export { MAX_TIMER_MILLISECONDS, timerMilliseconds } from './timer-milliseconds.js'
