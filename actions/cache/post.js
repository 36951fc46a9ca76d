require('./dist/index.js').saveRemembered()
