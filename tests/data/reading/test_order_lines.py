"""Order lines as shops export them, in their real form with their real quirks."""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl
import pytest

from penchant.data.quality.filters import where
from penchant.data.quality.log_check import check
from penchant.data.reading.log_reader import read
from penchant.errors import DataError

RETAIL = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,"WHITE HANGING HEART, T-LIGHT HOLDER",6,2010-12-01 08:26:00,2.55,17850.0,UK
536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,UK
536370,22728,ALARM CLOCK BAKELIKE PINK,24,2010-12-01 08:45:00,3.75,12583.0,France
536370,POST,POSTAGE,3,2010-12-01 08:45:00,18.0,12583.0,France
536414,22139,,56,2010-12-01 11:52:00,0.0,,UK
536415,22139,RETROSPOT TEA SET CERAMIC 11 PC,2,2010-12-01 11:53:00,4.25,17850.0,UK
536416,22139,amazon,1,2010-12-01 11:54:00,4.25,12583.0,France
536417,22139,RETROSPOT TEA SET CERAMIC 11 PC,4,2010-12-01 12:00:00,4.25,,UK
536417,85123a,WHITE HANGING HEART,1,2010-12-01 12:00:00,2.55,,UK
C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527.0,UK
C536391,85123A,"WHITE HANGING HEART, T-LIGHT HOLDER",-2,2010-12-02 09:41:00,2.55,17850.0,UK
C536392,22728,ALARM CLOCK BAKELIKE PINK,-24,2010-12-02 10:00:00,3.75,12583.0,France
536589,21777,,-10,2010-12-01 16:50:00,0.0,,UK
C536393,71053,WHITE METAL LANTERN,-8,2010-12-03 10:00:00,3.39,17850.0,UK
"""


@pytest.fixture
def retail(tmp_path: Path) -> Path:
    path = tmp_path / "retail.csv"
    path.write_text(RETAIL)
    return path


def test_order_lines_in_german(tmp_path, notices):
    path = tmp_path / "orders.csv"
    path.write_text(
        "Auftrag;Datum;Kd-Nr;Artikelnr.;Bezeichnung;Menge;Einzelpreis\n"
        "1;02.01.2024 09:48;00106;A1;Tee;3;1.030,69 \n1;02.01.2024 09:48;;A2;Mehl;1;2,50 \n"
        "2;13.02.2024 10:00;00107;A1;Tee;2;1.030,69 \n3;14.02.2024 10:00;;A2;Mehl;2;2,50 \n"
    )
    log = read(path)
    assert log.origin.columns["user"] == "Kd-Nr"
    assert log.origin.columns["basket"] == "Auftrag"
    assert log.frame().select("user", "item", "quantity", "price").rows() == [
        ("00106", "A1", 3.0, pytest.approx(1030.69)),
        ("00106", "A2", 1.0, 2.5),
        ("00107", "A1", 2.0, pytest.approx(1030.69)),
    ]
    assert "1 record has no user and that of the other records of the basket is taken" in notices()


def test_ratings_whose_other_columns_are_called_as_in_shops(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("kunde;artikel;sterne;datum\nk1;a1;4,5;13.1.2023\nk2;a1;2,0;14.1.2023\n")
    for log in (read(path), read(path, rating="sterne")):
        roles = {"user": "kunde", "item": "artikel", "rating": "sterne", "time": "datum"}
        assert log.origin.columns == roles
        assert log.ratings.tolist() == [4.5, 2]


def test_order_lines_of_a_shop(retail, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(retail)
    roles = ["user", "item", "time", "basket", "quantity", "price", "title"]
    names = [
        "CustomerID",
        "StockCode",
        "InvoiceDate",
        "InvoiceNo",
        "Quantity",
        "UnitPrice",
        "Description",
    ]
    assert log.origin.columns == dict(zip(roles, names, strict=True))
    assert "guessed from names: user='CustomerID'" in caplog.text
    assert "basket='InvoiceNo', price='UnitPrice', title='Description'" in caplog.text
    assert log.users.ids.to_list() == [12583, 17850]
    assert log.frame().select("user", "item", "quantity", "basket", "row").rows() == [
        (17850, "85123A", 4.0, "536365", 1),
        (12583, "POST", 3.0, "536370", 4),
        (17850, "22139", 2.0, "536415", 6),
        (12583, "22139", 1.0, "536416", 7),
    ]
    assert log.events.schema["price"] == pl.Float32
    assert "Description" not in log.events.columns
    assert "title" not in log.events.columns
    assert log.events["Country"].to_list()[1] == "France"


def test_titles_are_the_most_frequent_ones_and_the_first_of_equally_frequent(retail):
    log = read(retail)
    titles = dict(zip(log.items.ids, log.titles(), strict=True))
    assert titles["22139"] == "RETROSPOT TEA SET CERAMIC 11 PC"
    assert titles["85123A"] == "WHITE HANGING HEART, T-LIGHT HOLDER"
    assert set(titles) == {"85123A", "85123a", "POST", "22139"}


def test_what_is_netted_and_what_has_no_purchase_is_listed(retail, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(retail)
    assert log.origin.skipped.select("row", "problem").rows() == [
        (2, "cancellation of this purchase came later"),
        (3, "cancellation of this purchase came later"),
        (10, "cancellation without an earlier purchase"),
        (11, "cancellation of earlier purchases"),
        (12, "cancellation of earlier purchases"),
        (13, "cancellation without a user"),
        (14, "cancellation of more than the earlier purchases"),
    ]
    assert log.origin.skipped["content"][2].startswith("C536379, D, Discount, -1")
    n_events = len(log) + len(log.anonymous) + len(log.origin.skipped)
    assert n_events == RETAIL.count("\n") - 1
    assert (
        "5 records are cancellations (a quantity below 0, or an invoice that begins with C): 3 "
        "take back earlier purchases of the same user and item (2 purchases are left out, 1 "
        "counted lower); 2 find no purchase, or too little, to cancel; 1 has no user"
    ) in caplog.text
    assert "malformed" not in caplog.text
    report = check(log)
    assert "skipped" not in report
    assert report["cancellations"].count == 4
    assert report["unmatched_cancellations"].table()["row"].to_list() == [10, 13, 14]
    assert report["anonymous"].count == 3
    assert "free" not in report


def test_lines_without_a_customer_are_baskets(retail, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(retail)
    assert log.anonymous_frame().select("item", "quantity", "basket", "price", "row").rows() == [
        ("22139", 56.0, "536414", 0.0, 5),
        ("22139", 4.0, "536417", 4.25, 8),
        ("85123a", 1.0, "536417", pytest.approx(2.55), 9),
    ]
    assert "3 events in 2 baskets have no user: models of users never see these" in caplog.text


def test_returns_without_a_mark_and_with_a_mark_alone(tmp_path):
    path = tmp_path / "returns.csv"
    path.write_text(
        "order_id,customer,sku,qty,date\n"
        "1,ann,tea,5,2024-03-01\n2,ann,tea,2,2024-03-05\n3,ann,tea,-3,2024-03-07\n"
    )
    log = read(path)
    assert log.events.select("basket", "quantity").rows() == [(1, 4.0)]
    path.write_text(
        "invoice,customer,sku,date\n"
        "1,ann,tea,2024-03-01\n2,ann,tea,2024-03-05\nC3,ann,tea,2024-03-07\n4,bob,tea,2024-03-07\n"
    )
    log = read(path)
    assert log.frame()["row"].to_list() == [1, 4]
    assert log.weights is None


def test_a_quantity_counts_for_cancellations_where_no_weight_is_read(tmp_path):
    path = tmp_path / "returns.csv"
    path.write_text(
        "order,user,item,quantity\n1,ann,tea,2\n2,ann,tea,3\n3,ann,tea,-2\n4,bob,tea,1\n"
    )
    log = read(path, weight=False)
    assert log.weights is None
    assert log.events["row"].to_list() == [1, 2, 4]
    assert log.events["quantity"].to_list() == [2, 1, 1]


def test_quantities_weigh_nothing_unless_that_is_asked_for(retail, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(retail)
    assert log.weights is None
    assert log.quantities.tolist() == [4, 3, 2, 1]
    sentence = (
        "Quantity says how many were bought: it nets cancellations and counts in revenue, and "
        "models learn from each order line alike; --weight Quantity (weight='Quantity') weighs "
        "lines by it."
    )
    assert caplog.text.count(sentence) == 1
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        weighed = read(retail, weight="Quantity")
        plain = read(retail, quantity="Quantity")
        without = read(retail, quantity=False)
    assert sentence not in caplog.text
    assert weighed.weights.tolist() == weighed.quantities.tolist() == [4, 3, 2, 1]
    assert "quantity" not in weighed.origin.columns
    assert plain.events.equals(log.events)
    assert (without.weights, without.quantities) == (None, None)
    assert without.events["Quantity"].to_list() == [4, 3, 2, 1]  # netted all the same


def test_one_piece_a_line_needs_no_notice(tmp_path, caplog):
    path = tmp_path / "log.csv"
    path.write_text("order,customer,sku,qty\n1,x,a,1\n2,x,b,1\n3,y,a,1\n")
    with caplog.at_level(logging.WARNING):
        log = read(path)
    assert log.quantities.tolist() == [1, 1, 1]
    assert "how many" not in caplog.text


def test_plays_are_weights_and_a_quantity_beside_them_is_none(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user,item,plays\nann,a,3\nbob,a,1\n")
    assert read(path).weights.tolist() == [3, 1]
    path.write_text("user,item,count,quantity\nann,a,3,7\nann,b,2,7\nann,b,9,-3\n")
    log = read(path)
    assert log.frame().select("item", "weight", "quantity").rows() == [("a", 3, 7), ("b", 2, 4)]


def test_a_quantity_by_any_name_and_one_beside_ratings(tmp_path, caplog):
    path = tmp_path / "log.csv"
    path.write_text("order,customer,sku,n\n1,x,a,4\n2,x,a,-1\n3,y,a,5\n")
    log = read(path, quantity="n")
    assert log.quantities.tolist() == [3, 5]
    assert log.weights is None
    path.write_text("user,item,rating,quantity\nann,a,3,7\nann,b,2,-7\nbob,b,5,2\n")
    rated = read(path)
    assert len(rated) == 3
    assert rated.weights is None


def test_orders_that_all_begin_with_c_are_none_cancelled(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("order_id,user,item\nC1,ann,tea\nC1,ann,jam\nC2,bob,tea\n77,bob,jam\n")
    assert len(read(path)) == 4


def test_ratings_are_read_as_they_were(tmp_path):
    path = tmp_path / "ratings.csv"
    text = "order_id,user,item,rating,price,title,quantity,event\n"
    path.write_text(text + "1,ann,tea,4,2.5,good,-1,view\n2,,tea,3,1.5,bad,2,view\n")
    log = read(path)
    assert log.origin.columns == {"user": "user", "item": "item", "rating": "rating"}
    assert log.anonymous is None
    assert log.events["title"].to_list() == ["good"]
    assert log.events["order_id"].to_list() == [1]
    assert log.item_table is None
    assert log.origin.skipped["problem"].to_list() == ["missing user"]


def test_roles_can_be_asked_for_and_left_out(retail):
    log = read(retail, basket=False, price=False, title=False)
    assert {"InvoiceNo", "UnitPrice", "Description"} <= set(log.events.columns)
    assert log.item_table is None
    path = retail.with_name("ratings.csv")
    path.write_text('u,i,rating,sum,till\nann,tea,4,€ 2.50,A\nann,tea,4,"3,5",A\nbob,tea,2,x,B\n')
    log = read(path, user="u", item="i", price="sum", basket="till", title=None)
    assert log.events["price"].to_list() == [2.5, 3.5, None]
    assert log.events["basket"].to_list() == ["A", "A", "B"]


def test_customer_and_date_stand_in_the_first_line_of_an_order(tmp_path):
    path = tmp_path / "shopify.csv"
    path.write_text(
        "Name,Email,Financial Status,Total,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem price,Lineitem sku,Id\n"
        "#1002,ann@a.org,paid,31.00,2024-03-05 10:11:12 +0100,2,Green tea,8.00,TEA-1,7001\n"
        "#1002,,,,,1,Rye bread,15.00,RYE,\n"
        "#1001,bob@b.org,paid,8.00,2024-03-04 09:00:00 +0100,1,Green tea,8.00,TEA-1,7000\n"
        "#1003,,paid,8.00,2024-03-06 09:00:00 +0100,1,Green tea,8.00,TEA-1,7002\n"
    )
    log = read(path)
    assert log.origin.columns == {
        "user": "Email", "item": "Lineitem sku", "quantity": "Lineitem quantity",
        "time": "Created at", "basket": "Name", "price": "Lineitem price",
        "title": "Lineitem name",
    }  # fmt: skip
    assert log.frame().select("user", "item", "basket").rows() == [
        ("ann@a.org", "TEA-1", "#1002"),
        ("ann@a.org", "RYE", "#1002"),
        ("bob@b.org", "TEA-1", "#1001"),
    ]
    assert log.has_times
    assert log.anonymous["basket"].to_list() == ["#1003"]
    assert log.titles() == ["Rye bread", "Green tea"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (
            "t_dat,customer_id,article_id,price,sales_channel_id\n"
            "2018-09-20,000058a1,0663713001,0.0508,2\n2018-09-20,000058a1,0541518023,0.0304,2\n"
            "2018-09-21,00007d2d,0663713001,0.05,1\n",
            {"user": "customer_id", "item": "article_id", "time": "t_dat", "price": "price"},
        ),
        (
            "order_id,product_id,add_to_cart_order,reordered,user_id,order_number,product_name\n"
            "2,33120,1,1,202279,3,Organic Egg Whites\n2,28985,2,1,202279,3,Organic Kale\n"
            "3,33120,1,1,205970,16,Organic Egg Whites\n7,28985,1,0,205970,3,Organic Kale\n",
            {"user": "user_id", "item": "product_id", "basket": "order_id",
             "title": "product_name"},
        ),
        (
            "timestamp,visitorid,event,itemid,transactionid\n"
            "1433221332117,257597,view,355908,\n1433224214164,992329,view,248676,\n"
            "1433221999827,111016,addtocart,318965,\n1433222276276,599528,transaction,356475,4000\n",
            {"user": "visitorid", "item": "itemid", "time": "timestamp",
             "basket": "transactionid", "event": "event"},
        ),
        (
            "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,"
            "freight_value,customer_id,customer_unique_id,order_purchase_timestamp\n"
            "00010242,1,4244733e,48436dad,2017-09-19 09:45:35,58.90,13.29,3ce436f1,871766c5,"
            "2017-09-13 08:59:02\n"
            "00018f77,1,e5f2d52b,dd7ddc04,2017-05-03 11:05:13,239.90,19.93,f6dd3ec0,eb28e67c,"
            "2017-04-26 10:53:06\n",
            {"user": "customer_unique_id", "item": "product_id",
             "time": "order_purchase_timestamp", "basket": "order_id", "price": "price"},
        ),
        (
            "TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,"
            "ASSET,SALES_PRICE\n1/1/01,00000020,45-49,115,110411,4710000000039,1,24,30\n"
            "1/13/01,00000032,45-49,115,110411,4710000000002,2,48,60\n",
            {"user": "CUSTOMER_ID", "item": "PRODUCT_ID", "quantity": "AMOUNT",
             "time": "TRANSACTION_DT", "price": "SALES_PRICE/AMOUNT"},
        ),
        (
            "Order Number,Order Date,Customer User ID,SKU,Item Name,Quantity,Item Cost\n"
            "501,2024-03-05 10:11,12,TEA,Tea,2,4.50\n502,2024-03-06 10:11,0012,JAM,Jam,1,3.20\n",
            {"user": "Customer User ID", "item": "SKU", "quantity": "Quantity",
             "time": "Order Date", "basket": "Order Number", "price": "Item Cost",
             "title": "Item Name"},
        ),
        (
            "increment_id,created_at,customer_email,sku,name,qty_ordered,price\n"
            "000000101,2024-03-05,a@a.org,TEA,Tea,2,4.50\n000000102,2024-03-06,b@b.org,JAM,Jam,1,3\n",
            {"user": "customer_email", "item": "sku", "quantity": "qty_ordered",
             "time": "created_at", "basket": "increment_id", "price": "price"},
        ),
        (
            "event_time,event_type,product_id,category_id,brand,price,user_id,user_session\n"
            "2019-10-01 00:00:00 UTC,view,44600062,2103807459,,35.79,541312140,72d76fde\n"
            "2019-10-01 00:00:01 UTC,cart,3900821,2053013552,aqua,33.20,554748717,9333dfbd\n"
            "2019-10-01 00:00:04 UTC,view,3900821,2053013552,aqua,33.20,541312140,72d76fde\n",
            {"user": "user_id", "item": "product_id", "time": "event_time",
             "session": "user_session", "price": "price", "event": "event_type"},
        ),
    ],
    ids=["hm", "instacart", "retailrocket", "olist", "ta-feng", "woocommerce", "magento", "rees46"],
)  # fmt: skip
def test_widespread_forms(tmp_path: Path, text: str, columns: dict[str, str]) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    log = read(path)
    assert log.origin.columns == columns
    assert log.origin.skipped is None
    assert log.anonymous is None


def test_baskets_without_users(tmp_path, caplog):
    path = tmp_path / "order_products.csv"
    path.write_text("order_id,product_id\n1,tea\n1,jam\n2,tea\n2,\n")
    with caplog.at_level(logging.WARNING):
        log = read(path)
    assert (len(log), log.n_users, log.n_items) == (0, 0, 2)
    assert log.anonymous_frame().select("item", "basket").rows() == [
        ("tea", 1), ("jam", 1), ("tea", 2),
    ]  # fmt: skip
    assert (
        "no event has a user, so that nothing can be recommended to users: 3 events in 2 baskets "
        "say which items are bought together (log.anonymous); user='order_id' (--user order_id) "
        "takes each basket for a user"
    ) in caplog.text
    assert log.origin.skipped["problem"].to_list() == ["missing item"]
    users = read(path, user="order_id")
    assert (len(users), users.n_users) == (3, 2)
    with pytest.raises(DataError, match="no user column was recognised"):
        read(path, basket=False)


def test_a_table_of_items_has_the_first_word_on_titles(retail):
    table = pl.DataFrame({"StockCode": ["22139", "85123A"], "title": ["Tea set", None]})
    log = read(retail, item_table=table)
    titles = dict(zip(log.items.ids, log.titles(), strict=True))
    assert titles["22139"] == "Tea set"
    assert titles["85123A"] == "WHITE HANGING HEART, T-LIGHT HOLDER"
    assert titles["POST"] == "POSTAGE"
    from penchant.data.reading.id_tables import with_table
    from penchant.data.reading.log_reader import read_table

    log = read(retail)
    joined = with_table(log, read_table(table, "item", log))
    assert dict(zip(joined.items.ids, joined.titles(), strict=True)) == titles
    assert joined.anonymous_frame().equals(log.anonymous_frame())


def test_quantities_prices_and_kinds_that_play_no_part_are_named_in_one_line(tmp_path, caplog):
    path = tmp_path / "log.csv"
    path.write_text(
        "user,item,rating,units,unit_price,action,note\n"
        "ann,tea,4,2,2.5,view,x\nann,jam,5,1,3.5,view,y\nbob,tea,1,7,2.5,buy,z\n"
    )
    with caplog.at_level(logging.WARNING):
        log = read(path)
    assert (
        "log.csv: what plays no part: units looks like a quantity (quantity='units', "
        "--quantity units), "
        "unit_price looks like a price (price='unit_price', --price unit_price), action looks like "
        "a kind of event (event='action', --event action)."
    ) in caplog.text
    assert list(log.origin.columns) == ["user", "item", "rating"]
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        read(path, weight="units", price=False, event="action")
    assert "plays no part" not in caplog.text


def test_a_customer_that_is_written_as_missing_is_none(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("order_id,customer_id,sku\n1,7.0,tea\n1,7.0,jam\n2,NULL,tea\n3,\\N,tea\n")
    log = read(path)
    assert log.users.ids.to_list() == [7]
    assert log.anonymous["basket"].to_list() == [2, 3]
    path.write_text("customer_id,sku\n7,tea\nNULL,tea\n")
    assert read(path).users.ids.to_list() == ["7", "NULL"]


def test_the_number_of_an_order_is_its_place_where_there_is_no_time(tmp_path, caplog):
    path = tmp_path / "instacart.csv"
    path.write_text(
        "order_id,product_id,add_to_cart_order,user_id,order_number\n"
        "9,tea,2,1,2\n9,jam,1,1,2\n4,rye,1,1,1\n7,tea,1,2,1\n"
    )
    with caplog.at_level(logging.WARNING):
        log = read(path)
    assert log.has_order
    assert log.events["sequence_position"].to_list() == [2, 1, 0, 0]
    history = log.histories
    assert log.items.take(history.items).to_list() == ["rye", "jam", "tea", "tea"]
    assert "order_number says in which order a user's baskets came" in caplog.text


SHOPIFY = """\
Name,Email,Financial Status,Cancelled at,Lineitem sku,Lineitem quantity,Created at
#1,a@a.org,paid,,TEA,1,2024-03-05
#1,,,,JAM,1,
#2,a@a.org,refunded,2024-03-07,TEA,1,2024-03-06
#2,,,,RYE,1,
"""


def test_cancelled_orders_are_left_out_and_listed(tmp_path, caplog):
    path = tmp_path / "shopify.csv"
    path.write_text(SHOPIFY)
    with caplog.at_level(logging.WARNING):
        log = read(path)
    assert log.frame()["item"].to_list() == ["TEA", "JAM"]
    assert log.origin.skipped.select("row", "problem").rows() == [
        (3, "cancellation of this very order"),
        (4, "cancellation of this very order"),
    ]
    assert (
        "2 records are of orders that were cancelled, refunded or returned (Cancelled at), and "
        "left out; pn.check(log) lists them, --returns keep (returns='keep') keeps them"
    ) in caplog.text
    assert check(log)["cancellations"].count == 2
    path.write_text(SHOPIFY.replace("2024-03-07", ""))
    assert read(path).frame()["item"].to_list() == ["TEA", "JAM"]
    path.write_text(
        "order_id,customer_id,product_id,order_status\n1,a,tea,delivered\n2,b,tea,canceled\n"
    )
    assert len(read(path)) == 1


def test_cancelled_orders_that_are_kept_are_named_with_the_condition(tmp_path, caplog):
    path = tmp_path / "shopify.csv"
    path.write_text(SHOPIFY)
    with caplog.at_level(logging.WARNING):
        log = read(path, returns="keep")
    assert (
        "by Cancelled at, 2 records belong to orders that were cancelled: --where \"'Cancelled at' "
        '== none" leaves them out'
    ) in caplog.text
    assert where(log, "`Cancelled at` == none").frame()["item"].to_list() == ["TEA", "JAM"]
    assert where(log, "'Financial Status' == paid").frame()["item"].to_list() == ["TEA", "JAM"]
    path.write_text(
        "order_id,customer_id,product_id,order_status\n1,a,tea,delivered\n2,b,tea,canceled\n"
    )
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        log = read(path, returns="keep")
    assert (
        'by order_status, 1 record belongs to orders that were canceled: --where "order_status != '
        "'canceled'\" leaves them out"
    ) in caplog.text
    assert len(where(log, "order_status != 'canceled'")) == 1


def test_a_log_of_cancellations_alone_is_refused(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("invoice,sku,quantity,customer\n1,a,-1,7\n2,b,-2,7\n")
    with pytest.raises(DataError, match="no event is left: 2 records are cancellations"):
        read(path)


def test_titles_may_differ_in_case_and_amounts_of_money_are_no_quantity(tmp_path, caplog):
    path = tmp_path / "log.csv"
    path.write_text(
        "order,customer,sku,description,amount\n1,x,a,Tea,10.5\n2,x,a,tea,2.25\n3,y,a,TEA,5\n"
    )
    with caplog.at_level(logging.WARNING):
        log = read(path)
    assert log.titles() == ["Tea"]
    assert log.weights is None
    assert "quantity" not in caplog.text


def test_a_quantity_that_is_not_taken_is_named_once(tmp_path, caplog):
    path = tmp_path / "log.csv"
    path.write_text("order,customer,sku,qty\n1,x,a,0\n2,x,a,2\n3,y,a,5\n")
    with caplog.at_level(logging.WARNING):
        read(path)
    assert "qty was not taken for a quantity, since" in caplog.text
    assert "plays no part" not in caplog.text
