import Foundation

/// Answers the requests with which tests control the simulator. Real orgs do not have these paths.
extension OrgService {
    func control(_ request: HTTPRequest, _ path: String) -> HTTPReply {
        let json = [("Content-Type", "application/json")]
        func refused(_ reason: String) -> HTTPReply {
            HTTPReply(status: 400, headers: [("Content-Type", "text/plain")], body: Array((reason + "\n").utf8))
        }
        switch (request.method, path) {
        case ("GET", "/_simulator/stats"):
            let body = (try? JSONEncoder().encode(statistics())) ?? Data()
            return HTTPReply(status: 200, headers: json, body: Array(body))
        case ("GET", "/_simulator/uuids"):
            let log = log
            var body: [UInt8] = []
            for index in 0..<log.count(now: now()) { body.append((log.uuid(index) ?? "") + "\n") }
            return HTTPReply(status: 200, headers: [("Content-Type", "text/plain")], body: body)
        case ("POST", "/_simulator/faults"):
            do {
                let data = Data(request.body)
                let rules =
                    try (try? JSONDecoder().decode([FaultRule].self, from: data)) ?? [
                        JSONDecoder().decode(FaultRule.self, from: data)
                    ]
                setFaults(rules)
                return HTTPReply(status: 200, headers: json, body: Array("{\"rules\":\(rules.count)}".utf8))
            } catch {
                return refused("the body must be a fault or an array of faults: \(error)")
            }
        case ("DELETE", "/_simulator/faults"):
            setFaults([])
            return HTTPReply(status: 200, headers: json, body: Array("{\"rules\":0}".utf8))
        case ("POST", "/_simulator/revoke"):
            return HTTPReply(status: 200, headers: json, body: Array("{\"revoked\":\(revokeAccessTokens())}".utf8))
        case ("GET", "/_simulator/users"):
            let body = (try? JSONEncoder().encode(users())) ?? Data()
            return HTTPReply(status: 200, headers: json, body: Array(body))
        case ("POST", "/_simulator/users"):
            // The body is `{"user": …, "status": "LOCKED_OUT"}`; the user is an id, a login or a short name.
            guard let change = try? JSONDecoder().decode([String: String].self, from: Data(request.body)),
                let status = change["status"].flatMap(UserStatus.init), let user = change["user"],
                setStatus(status, of: user)
            else { return refused("the body needs a \"user\" of this org and a valid \"status\"") }
            return HTTPReply(status: 200, headers: json, body: Array("{}".utf8))
        case ("POST", "/_simulator/events"):
            do {
                try append(request.body.split(separator: 10).map(Array.init))
                return HTTPReply(status: 200, headers: json, body: Array("{}".utf8))
            } catch {
                return refused("\(error)")
            }
        default: return HTTPReply(status: 404, body: [])
        }
    }
}
