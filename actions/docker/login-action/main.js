require('./dist/index.js').login()
