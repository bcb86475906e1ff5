export { editFile, type EditFileOptions, type FileEdit } from './edit-file.js'
export { WatchedFile, type WatchedFileOptions } from './watched-file.js'
