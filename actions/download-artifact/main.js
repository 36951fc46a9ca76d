require('./dist/index.js').download()
