// The toolkit refuses forges that are not GitHub's, although they have its API of
// artifacts. It takes a name that ends in .localhost for GitHub's own development. The
// address itself is used for nothing else there: requests go to ACTIONS_RESULTS_URL.
// Import this before the toolkit.
export const forge = process.env.GITHUB_SERVER_URL
process.env.GITHUB_SERVER_URL = 'http://forge.localhost'
