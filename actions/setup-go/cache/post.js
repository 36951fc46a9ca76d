require('../dist/index.js').save()
