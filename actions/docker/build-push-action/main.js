require('./dist/index.js').build()
