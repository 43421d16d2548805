"""Chinese and Japanese sentences of the evidence report."""

from typing import Final

from adapp.reasoning.phrases import Phrases

CHINESE: Final = Phrases(
    label="本报告根据检测证据写成，没有使用语言模型。",
    free="本报告不解读问题本身，只列出证据所显示的内容。",
    anomalous="{method} 判定该零件为**异常**：得分 {score}，阈值 {threshold}。",
    normal="{method} 判定该零件为**正常**：得分 {score}，阈值 {threshold}。",
    no_detector="没有检测器评判过这张图片。",
    above_some="得分高于 {normals} 张正常图片中的 {below} 张。",
    above_all="得分高于全部 {normals} 张正常图片。",
    one_normal="阈值只依据一张正常图片。",
    no_normals="阈值是通用的：没有给出该零件的正常图片。",
    no_region="异常图中没有区域超过像素阈值。",
    one_region="异常图中有 1 个区域超过像素阈值。",
    regions="异常图中有 {count} 个区域超过像素阈值。",
    region="区域 {number} 位于{place}，占图片的 {area}，峰值为 {peak}（最大为 1）。",
    more_regions="另有 {count} 个区域未在此描述。",
    match_ratio=(
        "与区域 {number} 最相似的正常图块在正常图片 {picture} 中；"
        "两者的差异是正常图块之间最大差异的 {ratio} 倍。"
    ),
    match_cost=(
        "与区域 {number} 最相似的正常图块在正常图片 {picture} 中；"
        "两者的差异为 {cost}（1 - 余弦相似度）。"
    ),
    type_region="区域 {number} 最可能的类型是 {name}（{share}）。",
    type_picture="该图片最可能的缺陷类型是 {name}（{share}）。",
    type_next="其次是 {others}。",
    type_none="其外观不符合任何已知缺陷类型（{share}）。",
    no_type="不属于任何已知类型",
    type_measured=(
        "在学习类型时未见过的 {defects} 个缺陷上，正确类型排在第一位的占 {first}，排在前三位的占 "
        "{three}；随机猜测则分别为 {chance} 和 {chance_three}。"
    ),
    type_unmeasured="此类类型判断的正确率未经测量。",
    pages={
        "description": "页面 [{id}] {title}（相似度 {score}）的描述：",
        "causes": "页面 [{id}] {title}（相似度 {score}）列出的原因：",
        "consequences": "页面 [{id}] {title}（相似度 {score}）列出的后果：",
        "checks": "页面 [{id}] {title}（相似度 {score}）建议检查：",
        "variation": "页面 [{id}] {title}（相似度 {score}）视为正常波动的情况：",
    },
    unchecked="页面 [{id}] {title}（相似度 {score}）由用户添加，未经核对：",
    withheld="页面 [{id}] 的 {count} 行已略去：它们试图左右判定。",
    other_type="页面 [{id}] 讲的是另一种缺陷类型，不是最可能的那种。",
    topics={
        "summary": "此图片",
        "what": "这是什么",
        "why": "原因",
        "consequences": "后果",
        "checks": "检查项目",
        "false_alarm": "正常波动",
    },
    no_pages="没有检索到知识页面。",
    no_topic="检索到的页面没有提到{topic}。",
    nothing_found="得分低于阈值，因此没有需要描述或解释的缺陷。",
    times_threshold="得分是阈值的 {times} 倍。",
    map_only="仅凭异常图不能下结论：图片得分低于阈值。",
    look_at="请在零件上查看区域 {number}（{place}）。",
    compare_with="请对照正常图片 {picture} 查看区域 {number}（{place}）。",
    add_normals="请添加四张或更多该零件的正常图片来校准阈值。",
    caveat="页面内容是否适用，须在零件上确认。",
    places=("左上方", "上方", "右上方", "左侧", "中央", "右侧", "左下方", "下方", "右下方"),
    separator="、",
    quotes=("“", "”"),
)

JAPANESE: Final = Phrases(
    label="この報告は検出の証拠から書かれたもので、言語モデルは使っていません。",
    free="質問そのものは解釈せず、証拠が示す内容だけを述べます。",
    anomalous="{method} はこの部品を**異常**と判定：スコア {score}、しきい値 {threshold}。",
    normal="{method} はこの部品を**正常**と判定：スコア {score}、しきい値 {threshold}。",
    no_detector="この画像を判定した検出器はありません。",
    above_some="スコアは正常画像 {normals} 枚のうち {below} 枚を上回ります。",
    above_all="スコアは正常画像 {normals} 枚すべてを上回ります。",
    one_normal="しきい値は正常画像 1 枚だけに基づきます。",
    no_normals="しきい値は一般的な値です。この部品の正常画像は与えられていません。",
    no_region="マップに画素しきい値を超える領域はありません。",
    one_region="マップの 1 領域が画素しきい値を超えています。",
    regions="マップの {count} 領域が画素しきい値を超えています。",
    region="領域 {number} は{place}にあり、画像の {area} を占め、最大値は {peak}（上限 1）です。",
    more_regions="ほかの {count} 領域はここでは述べません。",
    match_ratio=(
        "領域 {number} に最も似た正常パッチは正常画像 {picture} にあり、"
        "その差は正常パッチ同士の最大差の {ratio} 倍です。"
    ),
    match_cost=(
        "領域 {number} に最も似た正常パッチは正常画像 {picture} にあり、"
        "その差は {cost}（1 - コサイン類似度）です。"
    ),
    type_region="領域 {number} の最も確からしい種類は {name}（{share}）です。",
    type_picture="画像の最も確からしい欠陥の種類は {name}（{share}）です。",
    type_next="次は {others} です。",
    type_none="外観は既知の欠陥の種類のどれにも当てはまりません（{share}）。",
    no_type="既知の種類のどれでもない",
    type_measured=(
        "種類の学習に使われていない {defects} 個の欠陥では、正しい種類が 1 位だったのは {first}、"
        "3 位以内は {three} でした（偶然なら {chance} と {chance_three}）。"
    ),
    type_unmeasured="このような種類の判定がどれほど正しいかは測定されていません。",
    pages={
        "description": "ページ [{id}] {title}（類似度 {score}）の説明：",
        "causes": "ページ [{id}] {title}（類似度 {score}）が挙げる原因：",
        "consequences": "ページ [{id}] {title}（類似度 {score}）が挙げる影響：",
        "checks": "ページ [{id}] {title}（類似度 {score}）が挙げる確認事項：",
        "variation": "ページ [{id}] {title}（類似度 {score}）が正常なばらつきとするもの：",
    },
    unchecked="ページ [{id}] {title}（類似度 {score}）は利用者が追加したもので、未確認です：",
    withheld="ページ [{id}] の {count} 行は省きました。判定に口を出す内容だからです。",
    other_type="ページ [{id}] は最も確からしい種類とは別の欠陥について述べています。",
    topics={
        "summary": "この画像",
        "what": "これが何か",
        "why": "原因",
        "consequences": "影響",
        "checks": "確認事項",
        "false_alarm": "正常なばらつき",
    },
    no_pages="知識ページは見つかりませんでした。",
    no_topic="見つかったページは{topic}について述べていません。",
    nothing_found="スコアはしきい値を下回るため、説明すべき欠陥はありません。",
    times_threshold="スコアはしきい値の {times} 倍です。",
    map_only="マップだけでは決まりません。画像のスコアはしきい値を下回っています。",
    look_at="領域 {number}（{place}）を部品そのもので見てください。",
    compare_with="領域 {number}（{place}）を正常画像 {picture} と並べて見てください。",
    add_normals="しきい値の校正のため、この部品の正常画像を 4 枚以上加えてください。",
    caveat="ページの内容が当てはまるかどうかは、部品で確かめる必要があります。",
    places=("左上", "上", "右上", "左", "中央", "右", "左下", "下", "右下"),
    separator="、",
    quotes=("「", "」"),
)
