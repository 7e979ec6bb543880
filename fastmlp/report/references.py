"""The literature that the book refers to. An entry is listed in a report only if a chapter of it is cited there."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["REFERENCES", "Reference"]


class Reference(NamedTuple):
    """One entry.

    Attributes
    ----------
    short
        How a text names it.
    authors, year, title, where
        As printed.
    ident
        ``arXiv:...``, ``doi:...``, or ``jmlr:...`` for a journal that has neither.
    """

    short: str
    authors: str
    year: int
    title: str
    where: str
    ident: str

    @property
    def url(self) -> str:
        """Where it can be read."""
        kind, _, number = self.ident.partition(":")
        places = {"arXiv": "arxiv.org/abs", "doi": "doi.org", "jmlr": "jmlr.org/papers"}
        return f"https://{places[kind]}/{number}{'.html' if kind == 'jmlr' else ''}"


REFERENCES = {
    "agarwal2021": Reference(
        *("Agarwal et al. 2021", "R. Agarwal, M. Schwarzer, P. S. Castro, A. Courville, M. G. Bellemare", 2021),
        *("Deep reinforcement learning at the edge of the statistical precipice", "NeurIPS", "arXiv:2108.13264"),
    ),
    "bao2019": Reference(
        *("Bao et al. 2019", "Y. Bao, Y. Li, S.-L. Huang, L. Zhang, L. Zheng, A. Zamir, L. Guibas", 2019),
        "An information-theoretic approach to transferability in task transfer learning",
        *("ICIP", "doi:10.1109/ICIP.2019.8803726"),
    ),
    "benzaken2022": Reference(
        *("Ben Zaken et al. 2022", "E. Ben Zaken, S. Ravfogel, Y. Goldberg", 2022),
        "BitFit: simple parameter-efficient fine-tuning for transformer-based masked language-models",
        *("ACL", "arXiv:2106.10199"),
    ),
    "bergstra2012": Reference(
        *("Bergstra and Bengio 2012", "J. Bergstra, Y. Bengio", 2012),
        "Random search for hyper-parameter optimization",
        *("Journal of Machine Learning Research 13", "jmlr:v13/bergstra12a"),
    ),
    "bernico2017": Reference(
        *("Bernico et al. 2017", "M. Bernico and others", 2017),
        "Transfer learning: the impact of target size and domain similarity",
        *("arXiv", "arXiv:1712.04008"),
    ),
    "bouthillier2021": Reference(
        *("Bouthillier et al. 2021", "X. Bouthillier and others", 2021),
        *("Accounting for variance in machine learning benchmarks", "MLSys", "arXiv:2103.03098"),
    ),
    "demsar2006": Reference(
        *("Demšar 2006", "J. Demšar", 2006, "Statistical comparisons of classifiers over multiple data sets"),
        *("Journal of Machine Learning Research 7", "jmlr:v7/demsar06a"),
    ),
    "dodge2019": Reference(
        *("Dodge et al. 2019", "J. Dodge, S. Gururangan, D. Card, R. Schwartz, N. A. Smith", 2019),
        *("Show your work: improved reporting of experimental results", "EMNLP", "arXiv:1909.03004"),
    ),
    "fieller1954": Reference(
        *("Fieller 1954", "E. C. Fieller", 1954, "Some problems in interval estimation"),
        *("Journal of the Royal Statistical Society B 16", "doi:10.1111/j.2517-6161.1954.tb00159.x"),
    ),
    "he2015": Reference(
        *("He et al. 2015", "K. He, X. Zhang, S. Ren, J. Sun", 2015),
        "Delving deep into rectifiers: surpassing human-level performance on ImageNet classification",
        *("ICCV", "arXiv:1502.01852"),
    ),
    "holm1979": Reference(
        *("Holm 1979", "S. Holm", 1979, "A simple sequentially rejective multiple test procedure"),
        *("Scandinavian Journal of Statistics 6", "doi:10.2307/4615733"),
    ),
    "franco2019": Reference(
        *("Franco et al. 2019", "C. Franco, R. J. A. Little, T. A. Louis, E. V. Slud", 2019),
        "Comparative study of confidence intervals for proportions in complex sample surveys",
        *("Journal of Survey Statistics and Methodology 7", "doi:10.1093/jssam/smy019"),
    ),
    "howard2018": Reference(
        *("Howard and Ruder 2018", "J. Howard, S. Ruder", 2018),
        *("Universal language model fine-tuning for text classification", "ACL", "arXiv:1801.06146"),
    ),
    "hu2021": Reference(
        *("Hu et al. 2021", "E. J. Hu, Y. Shen, P. Wallis, Z. Allen-Zhu, Y. Li, S. Wang, L. Wang, W. Chen", 2021),
        *("LoRA: low-rank adaptation of large language models", "ICLR", "arXiv:2106.09685"),
    ),
    "jamieson2016": Reference(
        *("Jamieson and Talwalkar 2016", "K. Jamieson, A. Talwalkar", 2016),
        "Non-stochastic best arm identification and hyperparameter optimization",
        *("AISTATS", "arXiv:1502.07943"),
    ),
    "kornblith2019": Reference(
        *("Kornblith et al. 2019", "S. Kornblith, J. Shlens, Q. V. Le", 2019),
        *("Do better ImageNet models transfer better?", "CVPR", "arXiv:1805.08974"),
    ),
    "kornblith2019cka": Reference(
        *("Kornblith et al. 2019b", "S. Kornblith, M. Norouzi, H. Lee, G. Hinton", 2019),
        *("Similarity of neural network representations revisited", "ICML", "arXiv:1905.00414"),
    ),
    "kumar2022": Reference(
        *("Kumar et al. 2022", "A. Kumar, A. Raghunathan, R. Jones, T. Ma, P. Liang", 2022),
        "Fine-tuning can distort pretrained features and underperform out-of-distribution",
        *("ICLR", "arXiv:2202.10054"),
    ),
    "lee2023": Reference(
        *("Lee et al. 2023", "Y. Lee, A. S. Chen, F. Tajwar, A. Kumar, H. Yao, P. Liang, C. Finn", 2023),
        *("Surgical fine-tuning improves adaptation to distribution shifts", "ICLR", "arXiv:2210.11466"),
    ),
    "li2018": Reference(
        *("Li et al. 2018", "X. Li, Y. Grandvalet, F. Davoine", 2018),
        *("Explicit inductive bias for transfer learning with convolutional networks", "ICML", "arXiv:1802.01483"),
    ),
    "nadeau2003": Reference(
        *("Nadeau and Bengio 2003", "C. Nadeau, Y. Bengio", 2003),
        "Inference for the generalization error",
        *("Machine Learning 52", "doi:10.1023/A:1024068626366"),
    ),
    "neyshabur2020": Reference(
        *("Neyshabur et al. 2020", "B. Neyshabur, H. Sedghi, C. Zhang", 2020),
        *("What is being transferred in transfer learning?", "NeurIPS", "arXiv:2008.11687"),
    ),
    "nguyen2020": Reference(
        *("Nguyen et al. 2020", "C. V. Nguyen, T. Hassner, M. Seeger, C. Archambeau", 2020),
        *("LEEP: a new measure to evaluate transferability of learned representations", "ICML", "arXiv:2002.12462"),
    ),
    "raghu2019": Reference(
        *("Raghu et al. 2019", "M. Raghu, C. Zhang, J. Kleinberg, S. Bengio", 2019),
        "Transfusion: understanding transfer learning for medical imaging",
        *("NeurIPS", "arXiv:1902.07208"),
    ),
    "romano2005": Reference(
        *("Romano and Wolf 2005", "J. P. Romano, M. Wolf", 2005),
        "Exact and approximate stepdown methods for multiple hypothesis testing",
        *("Journal of the American Statistical Association 100", "doi:10.1198/016214504000000539"),
    ),
    "rumelhart1986": Reference(
        *("Rumelhart et al. 1986", "D. E. Rumelhart, G. E. Hinton, R. J. Williams", 1986),
        *("Learning representations by back-propagating errors", "Nature 323", "doi:10.1038/323533a0"),
    ),
    "schuirmann1987": Reference(
        *("Schuirmann 1987", "D. J. Schuirmann", 1987),
        "A comparison of the two one-sided tests procedure and the power approach for assessing equivalence",
        *("Journal of Pharmacokinetics and Biopharmaceutics 15", "doi:10.1007/BF01068419"),
    ),
    "vtab2019": Reference(
        *("Zhai et al. 2019", "X. Zhai and others", 2019),
        "A large-scale study of representation learning with the visual task adaptation benchmark",
        *("arXiv", "arXiv:1910.04867"),
    ),
    "wilson1927": Reference(
        *("Wilson 1927", "E. B. Wilson", 1927, "Probable inference, the law of succession, and statistical inference"),
        *("Journal of the American Statistical Association 22", "doi:10.1080/01621459.1927.10502953"),
    ),
    "yosinski2014": Reference(
        *("Yosinski et al. 2014", "J. Yosinski, J. Clune, Y. Bengio, H. Lipson", 2014),
        *("How transferable are features in deep neural networks?", "NeurIPS", "arXiv:1411.1792"),
    ),
    "you2021": Reference(
        *("You et al. 2021", "K. You, Y. Liu, J. Wang, M. Long", 2021),
        *("LogME: practical assessment of pre-trained models for transfer learning", "ICML", "arXiv:2102.11005"),
    ),
}
