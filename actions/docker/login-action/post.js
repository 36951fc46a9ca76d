require('./dist/index.js').logout()
