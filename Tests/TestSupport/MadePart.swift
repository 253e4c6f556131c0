import Foundation
import Testing

/// A generated part of a document. In the document, the part is between two comments that contain the part's name:
///
///     <!-- NAME: made by make docs -->
///     <!-- end of NAME -->
package struct MadePart {
    private let file: URL
    private let name: String

    package init(of path: String, named name: String) {
        file = Repository.file(path)
        self.name = name
    }

    /// Fails if the part in the document is not `made`. With `TRIBUTARY_WRITE_DOCS=1`, as in `make docs`, writes `made` into the document instead.
    package func check(_ made: String) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        let opening = try #require(text.range(of: "<!-- \(name): made by make docs -->\n"))
        let closing = try #require(text.range(of: "<!-- end of \(name) -->"))
        let standing = text[opening.upperBound..<closing.lowerBound]
        if ProcessInfo.processInfo.environment["TRIBUTARY_WRITE_DOCS"] == "1", standing != made {
            let new = text.replacingCharacters(in: opening.upperBound..<closing.lowerBound, with: made)
            try new.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(standing == made, "the generated part is out of date: run make docs")
        }
    }
}
