// @nocobase/sdk 2.2.15 loads "@nocobase/utils/client" for one function, the name of a cookie in a browser, but does not name the package
// among its dependencies; that package in turn loads antd, moment and others that it does not name. Node has no cookies, so nothing here
// is ever called: were it called, the test would fail.
exports.getAuthCookieName = () => {
  throw new Error('only a browser asks for the name of a cookie');
};
