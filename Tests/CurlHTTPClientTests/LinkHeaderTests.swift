import Testing

@testable import CurlHTTPClient

@Suite("Links of a page")
struct LinkHeaderTests {
    @Test(
        "the next link is found in every valid form of the header, and no link is found in an invalid header",
        arguments: [
            (
                ["<https://h/api/v1/logs?limit=20>; rel=\"self\"", "<https://h/l?after=1_1>; rel=\"next\""],
                "https://h/l?after=1_1"
            ),
            (["<https://h/l?after=1>; rel=\"next\"", "<https://h/l>; rel=\"self\""], "https://h/l?after=1"),
            (["<https://h/a>; rel=\"next\", <https://h/b>; rel=\"self\""], "https://h/a"),
            (["<https://h/b>; rel=\"self\",<https://h/a>; rel=\"next\""], "https://h/a"),
            (["<https://h/a?x=1,2;3&q=%22>; rel=next"], "https://h/a?x=1,2;3&q=%22"),
            (
                ["<https://h/a?f=severity+ge+%22INFO%22&after=b%3D%3D>;rel=\"next\""],
                "https://h/a?f=severity+ge+%22INFO%22&after=b%3D%3D"
            ),
            (["<u>; title=\"a, <b>; rel=\\\"self\\\"\"; rel=\"prev next\""], "u"),
            (["<u> ; REL = NEXT ; type=text/html"], "u"),
            (["<u>; rel=\"self\"; rel=\"next\""], nil),
            (["<u>; rel=\"self\"", "<u>; rel=\"self\""], nil),
            (["https://h/a; rel=next"], nil),
            (["<https://h/a> rel=\"next\""], nil),
            (["<https://h/a> rel=\"next\", <https://h/b>; rel=\"next\""], "https://h/b"),
            (["<https://h/a; rel=next"], nil),
            (["<u>; rel=\"next"], nil), (["<u>; rel=\"nextish\""], nil), (["<u>; rel=\"next\"; anchor=\"#x\""], nil),
            ([""], nil), ([], nil), ([",,;;<>"], nil), ([" , <u>; rel=next,"], "u"),
        ] as [([String], String?)])
    func linkHeader(values: [String], next: String?) {
        #expect(LinkHeader.next(in: values) == next)
    }
}
