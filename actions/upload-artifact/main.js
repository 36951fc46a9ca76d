require('./dist/index.js').upload()
