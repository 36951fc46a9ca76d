require('../dist/index.js').restore()
