(function () {
  "use strict";
  var macros = {};
  document.querySelectorAll(".math").forEach(function (element) {
    try {
      katex.render(element.textContent, element, {
        displayMode: element.classList.contains("display"),
        globalGroup: true, macros: macros, throwOnError: false, strict: false, trust: false, maxSize: 50, maxExpand: 1000
      });
      element.classList.add("drawn");
    } catch (error) {
      element.title = String(error);
    }
  });
})();
