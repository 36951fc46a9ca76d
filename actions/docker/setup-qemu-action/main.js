require('./dist/index.js').setup()
