-- Users' passwords are pushed to an application
--
-- An application was changed so that Okta sends it the users' passwords (SCIM): whoever runs the application
-- reads them.
--
-- Follows: Panther, okta_password_extraction_via_scim: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_password_extraction_via_scim.yml
-- ATT&CK: T1556 Modify Authentication Process
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS administrator, entity.name AS application, status_detail, src_endpoint.ip AS ip,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'application.lifecycle.update' AND status_detail LIKE '%Pushing user passwords%';
