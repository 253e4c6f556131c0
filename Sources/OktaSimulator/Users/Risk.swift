/// Answers the calls about a user's risk. Only an org with Identity Threat Protection has these calls.
extension UserDirectory {
    mutating func risk(_ request: ManagementRequest) throws(OktaError) -> ManagementAnswer {
        guard let index = index(id: request.route.user) else { throw .noUser(request.route.user) }
        let links: [String: Any] = ["self": ["href": "\(request.origin)/api/v1/users/\(users[index].id)/risk"]]
        guard request.route.call == .setRisk else {
            return change(index, now: request.now) { user in
                user.calls[ManagementCall.getRisk.rawValue, default: 0] += 1
                return ManagementAnswer(json: ["riskLevel": user.riskLevel ?? "NONE", "_links": links])
            }
        }
        // Okta's SDK can set only these two levels. When a risk is read, it may also be MEDIUM or NONE.
        let object = try request.object()
        guard let level = object["riskLevel"] as? String, level == "HIGH" || level == "LOW" else {
            throw .invalid("riskLevel", "The risk level must be HIGH or LOW.")
        }
        return change(index, now: request.now) { user in
            let isFirst = user.riskLevel == nil
            user.count(.setRisk)
            user.riskLevel = level
            return ManagementAnswer(
                status: isFirst ? 201 : 200,
                json: ["riskLevel": level, "reason": "Admin override", "_links": links],
                events: [ActionEvent("user.risk.change", about: user)])
        }
    }
}
