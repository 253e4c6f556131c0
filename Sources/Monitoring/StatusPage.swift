import CStatusPage
import Digests
import FoundationEssentials
import LocalServer

/// The status page: one file without outside resources, compiled in from `Sources/CStatusPage/page.html`.
enum StatusPage {
    static let html: [UInt8] = Array(
        UnsafeBufferPointer(start: tributary_status_page_start(), count: tributary_status_page_size))

    /// Allows only the page's own script and style, which are named by their digests (Content Security Policy Level 3).
    static let policy: String = {
        let text = String(decoding: html, as: UTF8.self)
        return [
            "default-src 'none'", "script-src \(digest("script", of: text))", "style-src \(digest("style", of: text))",
            "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }()

    static let response = LocalResponse(
        200,
        contentType, headers: [("Content-Security-Policy", policy)], body: ResponseBody(html))
    private static let contentType = "text/html; charset=utf-8"

    /// The part of the policy that allows an element's content by its digest: `'sha256-…'`; `'none'` if there is no such element.
    private static func digest(_ element: String, of text: String) -> String {
        guard let start = text.firstRange(of: "<\(element)>"), let end = text.firstRange(of: "</\(element)>"),
            start.upperBound <= end.lowerBound, let digest = SHA256Digest()
        else { return "'none'" }
        let content = Array(text[start.upperBound..<end.lowerBound].utf8)
        var out = [UInt8](repeating: 0, count: 32)
        let isDone = content.withUnsafeBufferPointer { bytes in
            out.withUnsafeMutableBufferPointer { out in
                guard let from = bytes.baseAddress, let to = out.baseAddress else { return false }
                return digest.digest(from, bytes.count, into: to)
            }
        }
        return isDone ? "'sha256-\(Data(out).base64EncodedString())'" : "'none'"
    }
}
