/** Taken up by the bundler. */
declare module '*.css'
