require('./dist/index.js').metadata()
