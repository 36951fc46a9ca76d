require('./dist/index.js').restoreAndRemember()
